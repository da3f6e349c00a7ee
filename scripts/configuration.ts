import { settingsTable } from "../src/inputs/options.ts";

/** `docs/configuration.md`: every setting, from the fields table. */
export function configurationPage(): string {
  return `# Configuration

Every setting of \`eso-bootstrap.yaml\`, with its flag and variable. Precedence: flag > environment > file > answer >
detected > default. The operator's Infisical credentials are no settings: they come only from the environment
(\`INFISICAL_UNIVERSAL_AUTH_CLIENT_ID\` and \`INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET\`, or \`INFISICAL_TOKEN\`) or a hidden prompt.

The JSON schema ships with the package: \`schemas/eso-bootstrap.schema.json\`.

Generated from \`src/inputs/fields.ts\` by \`npm run generate\`.

${settingsTable().trimEnd()}
`;
}
