/** Pictures of the few columns that are farthest beyond their limits, small enough to be kept with a report. */
import type { DriftReport, Picture, Profile, ReferenceProfile } from '../contract.ts';
import { pictureOf } from './picture.ts';

const KEPT = 6;
/** Of a share: what a picture cannot show is not kept. */
const DECIMALS = 4;

export function worstPictures(
  reference: ReferenceProfile,
  current: Profile,
  { columns }: DriftReport,
): Record<string, Picture> {
  const beyond = (name: string) => (columns[name]?.psi ?? -1) / (columns[name]?.threshold ?? 1);
  const names = Object.keys(columns)
    .filter((name) => columns[name]?.psi != null)
    .sort((a, b) => beyond(b) - beyond(a));
  const pictures: Record<string, Picture> = {};
  for (const name of names.slice(0, KEPT)) {
    const before = reference.columns[name]?.profile;
    const picture = before === undefined ? null : pictureOf(before, current.columns[name]);
    if (picture !== null) pictures[name] = rounded(picture);
  }
  return pictures;
}

function rounded({ shape, bars, missing }: Picture): Picture {
  const short = (share: number) => Number(share.toFixed(DECIMALS));
  const of = ({ label, reference, current }: Picture['bars'][number]) => ({
    label,
    reference: short(reference),
    current: short(current),
  });
  return { shape, bars: bars.map(of), missing: missing === null ? null : of(missing) };
}
