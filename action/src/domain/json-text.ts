/** Width at which the formatter of most repositories breaks lines; ours does. */
const WIDTH = 120;

/**
 * JSON as prettier would leave a deployment file: what is short and plain stands in one line, so that a file that we wrote shows no
 * change when somebody formats it.
 */
export const jsonText = (value: unknown): string => `${written(value, 0, 0)}\n`;

/** `used`: columns that the line has before the value and after it (a comma). */
function written(value: unknown, depth: number, used: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const line = inOneLine(value);
  if (line !== undefined && used + line.length <= WIDTH) return line;
  const inner = '  '.repeat(depth + 1);
  const outer = '  '.repeat(depth);
  if (Array.isArray(value)) {
    const items = value.map((item, index) => inner + written(item, depth + 1, inner.length + comma(index, value)));
    return `[\n${items.join(',\n')}\n${outer}]`;
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  const lines = members.map(([key, member], index) => {
    const name = `${inner}${JSON.stringify(key)}: `;
    return name + written(member, depth + 1, name.length + comma(index, members));
  });
  return `{\n${lines.join(',\n')}\n${outer}}`;
}

/** What comes after the last one is on the next line. */
const comma = (index: number, all: readonly unknown[]): number => (index === all.length - 1 ? 0 : 1);

/** Objects are kept open when they hold objects; lists of several objects always are. */
function inOneLine(value: object): string | undefined {
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => (isObject(item) ? inOneLine(item) : JSON.stringify(item)));
    const opens = value.length > 1 && value.every((item) => isObject(item) && Object.keys(item).length > 1);
    return opens || items.includes(undefined) ? undefined : `[${items.join(', ')}]`;
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  if (members.length === 0) return '{}';
  if (members.length > 6 || members.some(([, member]) => isObject(member))) return undefined;
  return `{ ${members.map(([key, member]) => `${JSON.stringify(key)}: ${JSON.stringify(member)}`).join(', ')} }`;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
