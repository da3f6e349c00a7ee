import type { Format } from "./document.ts";
import { pathOf, problemsOf, type Section } from "./outcome.ts";
import { oneLine } from "./text.ts";

/** Problems only, one line each, for grep and awk: `CODE status subject message`; `-` stands for no subject. */
export const shortText: Format = (outcome) => outcome.flatMap(linesOf).join("");

function linesOf({ cluster, checks, failure }: Section): string[] {
  const line = (code: string, status: string, subject: string, message: string) =>
    `${code} ${status} ${word(cluster === undefined ? subject : `${subject}@${cluster}`)} ${oneLine(message)}\n`;
  return [
    ...(failure ? [line(failure.code, "error", "-", failure.message)] : []),
    ...problemsOf(checks).map(({ code, status, subject, message, title, follows }) =>
      line(
        code,
        status,
        subject ? pathOf(subject) : "-",
        `${message ?? title}${follows ? ` (follows from ${follows})` : ""}`,
      ),
    ),
  ];
}

/** The third column must stay one. */
const word = (text: string) => oneLine(text).replaceAll(" ", "_");
