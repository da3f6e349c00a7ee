import type { Code } from "../../../../src/codes.ts";
import type { DoctorWorld, ExamineOptions, WorldOptions } from "../../../helpers/doctor-world.ts";

/** One thing broken in a healthy world, and the code that `doctor` must name first. */
export interface Breakage {
  readonly code: Code;
  /** What is broken, in a few words; also the name of its test. */
  readonly what: string;
  readonly world?: WorldOptions;
  readonly look?: ExamineOptions;
  /** What the command must have that mends it, where another one would be easy to name. */
  readonly fix?: RegExp;
  /** `warn`: it is told as a warning, and nothing fails. Default `fail`. */
  readonly as?: "fail" | "warn";
  break(world: DoctorWorld): void | Promise<void>;
}
