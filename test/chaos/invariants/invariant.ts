import type { Scene, Watcher } from '../scene.ts';

/** A promise that must hold in every schedule. */
export interface Invariant {
  readonly name: string;
  readonly promise: string;
  /** What it looks at; a broken promise is told to {@link Scene.violate}. */
  readonly watch: (scene: Scene, violate: (detail: string) => void) => Watcher;
}
