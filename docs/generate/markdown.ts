/** Small parts of generated pages. */

/** Text inside a cell of a table. */
export function cell(text: string): string {
  return text
    .replaceAll('|', '\\|')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('<', '&lt;')
    .replaceAll(/`([^`]*)`/g, (_, code: string) => `\`${code.replaceAll('&lt;', '<')}\``);
}
