/** Words of strangers in Markdown: markup characters and control characters lose their meaning. */
export function plain(text: string, most = 500): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control and direction characters are what is removed
  const visible = text.slice(0, most).replace(/[\u0000-\u001f\u007f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, ' ');
  return visible.replace(/[\\`*_[\]<>|#!]/g, (mark) => `\\${mark}`);
}
