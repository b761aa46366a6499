import { tame, type Block, type Document, type Inline } from './document.ts';

function inline(text: Inline): string {
  if (typeof text === 'string') return tame(text);
  if ('code' in text) return tame(text.code);
  if ('strong' in text) return tame(text.strong);
  return text.map(inline).join('');
}

function table(head: readonly string[], rows: readonly (readonly Inline[])[]): string {
  const cells = [head, ...rows.map((row) => row.map(inline))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return cells.map((row) => `  ${line(row)}`).join('\n');
}

function block(part: Block): string {
  switch (part.kind) {
    case 'answer': {
      const line = inline(part.text);
      return `${line}\n${'='.repeat(Math.min(line.length, 100))}`;
    }
    case 'paragraph':
      return inline(part.text);
    case 'heading':
      return `${part.text}:`;
    case 'alert':
      return `${part.level}: ${inline(part.text)}`;
    case 'table':
      return table(part.head, part.rows);
    case 'list':
      return part.items.map((item) => `  - ${inline(item)}`).join('\n');
    case 'command':
    case 'patch':
      return part.text.replaceAll(/^/gm, '    ');
    case 'details':
      return `${inline(part.summary)}:\n${part.blocks.map(block).join('\n')}`;
  }
}

/** For a terminal: the same report without markup. */
export const toText = (document: Document): string => `${document.map(block).join('\n\n')}\n`;
