/** When two spellings are the same person, and who can speak for which group. Pure: workflow code calls it. */

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

/**
 * How many seats can be filled at once when a person takes one seat only.
 *
 * @param seats for each seat the subjects who may take it
 * @see Kuhn (1955), augmenting paths in a bipartite graph
 */
export function matched(seats: readonly (readonly string[])[]): number {
  const seatOf = new Map<string, number>();
  const fill = (seat: number, seen: Set<string>): boolean =>
    (seats[seat] ?? []).some((person) => {
      if (seen.has(person)) return false;
      seen.add(person);
      const taken = seatOf.get(person);
      if (taken !== undefined && !fill(taken, seen)) return false;
      seatOf.set(person, seat);
      return true;
    });
  return seats.filter((_, seat) => fill(seat, new Set())).length;
}
