import type { RepositoryFiles } from '../../action/src/domain/ports.ts';

/** The files of a repository by path; what a test changes, the next commit holds. */
export class MemoryRepository implements RepositoryFiles {
  readonly files: Map<string, string>;
  commit: string | null;

  constructor(files: Readonly<Record<string, string>>, commit = 'c1') {
    this.files = new Map(Object.entries(files));
    this.commit = commit;
  }

  list(folder: string): ReturnType<RepositoryFiles['list']> {
    const prefix = folder === '.' ? '' : `${folder}/`;
    const found = [...this.files]
      .filter(([path]) => path.startsWith(prefix))
      .map(([path, text]) => ({ path: path.slice(prefix.length), size: Buffer.byteLength(text), executable: false }))
      .toSorted((a, b) => (a.path < b.path ? -1 : 1));
    return Promise.resolve(found.length === 0 ? undefined : found);
  }

  read(path: string): Promise<Uint8Array | undefined> {
    const text = this.files.get(path);
    return Promise.resolve(text === undefined ? undefined : new Uint8Array(Buffer.from(text, 'utf8')));
  }
}
