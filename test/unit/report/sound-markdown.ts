import { expect } from '@jest/globals';

/** What would break a page out of its form, if it were taken for markup. */
export const HOSTILE =
  '| a ` b ``` c </details> <!-- x --> @everyone #1 \n\n~~~\n### h \u0007 \u202e [x](http://evil) <img src=x>';
/** GitHub's own limit. */
export const MAX_BODY = 65_536;

/** Every fence, table and fold that is opened is closed, and nothing hostile has become markup. */
export function expectSound(markdown: string): void {
  const open = (markdown.match(/<details>/g) ?? []).length;
  expect((markdown.match(/<\/details>/g) ?? []).length).toBe(open);
  expect((markdown.match(/^`{3,}/gm) ?? []).length % 2).toBe(0);
  for (const table of markdown.match(/(?:^\|.*\n)+/gm) ?? []) {
    const cells = table
      .trimEnd()
      .split('\n')
      .map((row) => row.split('|').length);
    expect(new Set(cells).size).toBe(1);
  }
  for (const row of markdown.match(/^\|.*$/gm) ?? []) expect(row).toMatch(/^\| .*\|$/);
  expect(markdown).not.toMatch(/<img|<!-- x|\]\(http:\/\/evil/);
  // GitHub looks for no mentions in code.
  expect(markdown.replaceAll(/<code>.*?<\/code>/g, '')).not.toContain('@everyone');
  expect(markdown.isWellFormed()).toBe(true);
}
