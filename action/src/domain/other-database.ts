/** Snapshots of one lineage that are of two databases: the active site's was made anew, and its site did not notice. */
export interface OtherDatabase {
  /** When the new one got its state row. */
  readonly since: string;
  /** The last snapshot of the old one, and the newest of the new one. */
  readonly last: string;
  readonly newest: string;
}
