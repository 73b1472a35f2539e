/** To whom a container belongs; each is a label. */
export interface Ownership {
  readonly installation: string;
  /** Who runs here, as the installation calls us. */
  readonly owner: string;
  /** Our process; as `writeIdentity` writes it. */
  readonly process: string;
}
