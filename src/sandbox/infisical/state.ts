/** The database of the simulated server: tables in memory, in the order of insertion. */

import type { RandomSource } from "../random.ts";
import type {
  AccessToken,
  ClientSecret,
  Environment,
  Folder,
  Identity,
  KubernetesAuth,
  OrgMembership,
  Organization,
  Privilege,
  Project,
  ProjectMembership,
  ProjectRole,
  Secret,
  SecretImport,
  Stamped,
  UniversalAuth,
} from "./types.ts";

/** A table: rows by id. */
class Table<Row extends Stamped> {
  readonly #rows = new Map<string, Row>();

  insert(row: Row): Row {
    this.#rows.set(row.id, row);
    return row;
  }

  get(id: string): Row | undefined {
    return this.#rows.get(id);
  }

  all(): Row[] {
    return [...this.#rows.values()];
  }

  where(match: (row: Row) => boolean): Row[] {
    return this.all().filter(match);
  }

  find(match: (row: Row) => boolean): Row | undefined {
    return this.all().find(match);
  }

  remove(match: (row: Row) => boolean): void {
    for (const row of this.where(match)) this.#rows.delete(row.id);
  }
}

/** Time as the server sees it; tests may move it forward. */
export interface Clock {
  now(): Date;
  advance(seconds: number): void;
}

/** The system clock, plus whatever it was advanced by. */
export function createClock(): Clock {
  let offset = 0;
  return {
    now: () => new Date(Date.now() + offset),
    advance: (seconds) => {
      offset += seconds * 1000;
    },
  };
}

/** All tables of one server. */
export class State {
  readonly organizations = new Table<Organization>();
  readonly projects = new Table<Project>();
  readonly environments = new Table<Environment>();
  readonly folders = new Table<Folder>();
  readonly secrets = new Table<Secret>();
  readonly imports = new Table<SecretImport>();
  readonly identities = new Table<Identity>();
  readonly orgMemberships = new Table<OrgMembership>();
  readonly universalAuths = new Table<UniversalAuth>();
  readonly clientSecrets = new Table<ClientSecret>();
  readonly kubernetesAuths = new Table<KubernetesAuth>();
  readonly roles = new Table<ProjectRole>();
  readonly memberships = new Table<ProjectMembership>();
  readonly privileges = new Table<Privilege>();
  readonly tokens = new Table<AccessToken>();
  readonly clock: Clock;
  readonly random: RandomSource;

  constructor(clock: Clock, random: RandomSource) {
    this.clock = clock;
    this.random = random;
  }

  /** The columns every new row has. */
  stamp(): { readonly id: string; readonly createdAt: Date; updatedAt: Date } {
    const now = this.clock.now();
    return { id: this.random.uuid(), createdAt: now, updatedAt: now };
  }

  environmentsOf(projectId: string): Environment[] {
    return this.environments
      .where((row) => row.projectId === projectId)
      .toSorted((a, b) => a.position - b.position);
  }

  environmentOf(projectId: string, slug: string): Environment | undefined {
    return this.environments.find((row) => row.projectId === projectId && row.slug === slug);
  }
}
