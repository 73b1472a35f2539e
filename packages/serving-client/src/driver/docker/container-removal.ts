import type { ConnectedEngine, EngineConnection } from "./engine-connection.ts";
import { isLost, statusOf } from "./engine-refusals.ts";

/** Removes containers; those that the engine was not there for are removed when it is found again. */
export class ContainerRemoval {
  private readonly connection: EngineConnection;
  private readonly left = new Set<string>();
  private readonly pending = new Set<Promise<boolean>>();

  constructor(connection: EngineConnection) {
    this.connection = connection;
    connection.onFound(() => void this.removeLeft());
  }

  /** Removes it whether it runs or not; false when that could not be done now. Never rejects. */
  async remove(id: string): Promise<boolean> {
    this.left.add(id);
    const removing = this.removeNow(id);
    this.pending.add(removing);
    return await removing.finally(() => this.pending.delete(removing));
  }

  /** Resolves when what was asked for was tried. */
  async settled(): Promise<void> {
    await Promise.all(this.pending);
  }

  private async removeNow(id: string): Promise<boolean> {
    const engine = await this.connection.connect();
    return engine.kind === "connected" && (await this.removeFrom(engine, id));
  }

  private async removeLeft(): Promise<void> {
    const engine = await this.connection.connect();
    if (engine.kind === "connected") await Promise.all([...this.left].map((id) => this.removeFrom(engine, id)));
  }

  private async removeFrom({ docker }: ConnectedEngine, id: string): Promise<boolean> {
    try {
      await this.connection.call(docker.getContainer(id).remove({ force: true, v: true }));
    } catch (failure) {
      // 404: it is gone; 409: the engine removes it already.
      if (isLost(failure) || ![404, 409].includes(statusOf(failure) ?? 0)) return false;
    }
    this.left.delete(id);
    return true;
  }
}
