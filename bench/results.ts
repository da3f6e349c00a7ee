import type { ScaleFigures } from "./at-scale.ts";

/** Two commands in one run: medians in milliseconds. */
export interface Pair {
  readonly what: string;
  readonly against: string;
  readonly ours: number;
  readonly theirs: number;
}

/** Sizes in kB of 1000 bytes, peak of resident memory in MB, medians. */
export interface Weight {
  readonly tarballKilobytes: number;
  readonly unpackedKilobytes: number;
  readonly demoMs: number;
  readonly demoMegabytes: number;
}

/** What `npm run bench` leaves in bench/results.json. */
export interface Results {
  /** `load`: of one minute, before and after. */
  readonly machine: {
    readonly cores: number;
    readonly gigabytes: number;
    readonly node: string;
    readonly load: readonly number[];
  };
  readonly pairs: readonly Pair[];
  /** Checks that came to a verdict, without and with an operator's credential, and what by-hand.sh would notice. */
  readonly facts: { readonly ours: number; readonly asOperator: number; readonly theirs: number };
  /** Until `doctor` says its first word: median. */
  readonly firstWordMs: number;
  readonly weight: Weight;
  readonly scale: readonly ScaleFigures[];
}
