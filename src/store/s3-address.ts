/** Parses `s3://<bucket>/<prefix>?endpoint=<url>&region=<region>`. Credentials are never part of an address. */
import { HoneError } from '../errors.ts';
import { StoreAddressInvalid } from './errors.ts';
import { checkKey } from './keys.ts';

export interface S3Address {
  readonly bucket: string;
  /** Without slashes at its ends; may be empty. */
  readonly prefix: string;
  /** A server other than AWS, which is then addressed by path. */
  readonly endpoint: string | undefined;
  /** Undefined: as the environment says. */
  readonly region: string | undefined;
}

const bucketShape = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const settings = new Set(['endpoint', 'region']);

/** @throws StoreAddressInvalid with what is wrong; the message does not repeat user names or passwords */
export function parseS3Address(uri: string): S3Address {
  const [place = '', query = ''] = uri.slice('s3://'.length).split('?', 2);
  const refuse = (problem: string) => new StoreAddressInvalid(`s3://${place.replace(/^.*@/, '')}`, problem);
  if (place.includes('@')) throw refuse('credentials do not belong into an address; they come from the environment');

  const [bucket = '', ...rest] = place.split('/');
  if (!bucketShape.test(bucket)) throw refuse('a bucket has 3 to 63 small letters, digits, dots and hyphens');
  const prefix = rest.join('/').replace(/\/$/, '');
  try {
    if (prefix) checkKey(prefix);
  } catch (error) {
    throw refuse(error instanceof HoneError ? `its prefix cannot be used: ${error.message}` : String(error));
  }

  const given = new URLSearchParams(query);
  const unknown = [...given.keys()].find((name) => !settings.has(name));
  if (unknown) throw refuse(`"${unknown}" is no setting; there are endpoint and region`);
  const endpoint = given.get('endpoint') ?? undefined;
  if (endpoint !== undefined) checkEndpoint(endpoint, refuse);
  return { bucket, prefix, endpoint, region: given.get('region') ?? undefined };
}

function checkEndpoint(endpoint: string, refuse: (problem: string) => Error): void {
  if (!URL.canParse(endpoint)) throw refuse('its endpoint is no URL such as https://s3.example.org');
  const url = new URL(endpoint);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refuse('its endpoint is neither http nor https');
  if (url.username || url.password) throw refuse('credentials do not belong into its endpoint');
}
