/** When two spellings are the same person. */

/**
 * One subject for one person: Unicode form, case, surrounding space and a mail address' `+tag` do not make another
 * person. Compare subjects, show names as given.
 */
export function subjectOf(name: string): string {
  return name
    .normalize('NFKC')
    .trim()
    .toLowerCase()
    .replace(/\+[^@]*(?=@|$)/, '');
}
