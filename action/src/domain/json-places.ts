import { evaluate, parse } from '@humanwhocodes/momoa';
import type { DocumentNode, Location, ObjectNode, ValueNode } from '@humanwhocodes/momoa';

/** A place in a JSON text; both count from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** JSON with the place of every value and key. Throws what momoa throws: an error with `line` and `column`. */
export class PlacedJson {
  readonly #document: DocumentNode;

  constructor(text: string) {
    this.#document = parse(text);
  }

  get value(): unknown {
    return evaluate(this.#document);
  }

  /** Where the value at `path` stands; the nearest value above it when there is none. */
  placeOf(path: readonly PropertyKey[]): TextPlace {
    return place(nodeAt(this.#document.body, path).loc.start);
  }

  /** Where the key `key` of the object at `path` stands. */
  placeOfKey(path: readonly PropertyKey[], key: string): TextPlace {
    const node = nodeAt(this.#document.body, path);
    const member = node.type === 'Object' ? memberOf(node, key) : undefined;
    return place((member?.name ?? node).loc.start);
  }

  /** Where the text of the value at `path` begins and ends, in UTF-16 units; `undefined` when there is none. */
  rangeOf(path: readonly PropertyKey[]): { readonly start: number; readonly end: number } | undefined {
    let node: ValueNode | undefined = this.#document.body;
    for (const step of path) node = node && childOf(node, step);
    return node && { start: node.loc.start.offset, end: node.loc.end.offset };
  }

  /** Keys that stand twice in one object: JSON.parse silently lets the last one win. */
  duplicates(): readonly { key: string; place: TextPlace }[] {
    return [...duplicatesIn(this.#document.body)];
  }
}

const place = ({ line, column }: Location): TextPlace => ({ line, column });

const nameOf = (member: ObjectNode['members'][number]): string =>
  member.name.type === 'String' ? member.name.value : member.name.name;

const memberOf = (node: ObjectNode, key: PropertyKey) => node.members.findLast((member) => nameOf(member) === key);

function nodeAt(root: ValueNode, path: readonly PropertyKey[]): ValueNode {
  let node = root;
  for (const step of path) {
    const next = childOf(node, step);
    if (next === undefined) return node;
    node = next;
  }
  return node;
}

function childOf(node: ValueNode, step: PropertyKey): ValueNode | undefined {
  if (node.type === 'Object') return memberOf(node, step)?.value;
  if (node.type === 'Array') return node.elements[Number(step)]?.value;
  return undefined;
}

function* duplicatesIn(node: ValueNode): Generator<{ key: string; place: TextPlace }> {
  if (node.type === 'Array') for (const element of node.elements) yield* duplicatesIn(element.value);
  if (node.type !== 'Object') return;
  const seen = new Set<string>();
  for (const member of node.members) {
    const key = nameOf(member);
    if (seen.has(key)) yield { key, place: place(member.name.loc.start) };
    seen.add(key);
    yield* duplicatesIn(member.value);
  }
}
