/**
 * What the bundle is made of, as CycloneDX 1.5 (cyclonedx.org/docs/1.5/json). Without a serial number and a time: the same
 * sources make the same file.
 */
export function sbom({ name, version }, packages) {
  const components = new Map(packages.map((one) => [purlOf(one), one]));
  const document = {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: { component: componentOf("application", { name, version, license: "MIT" }) },
    components: [...components.values()].map((one) => componentOf("library", one)),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function componentOf(type, one) {
  const { name, version, license } = one;
  const purl = purlOf(one);
  const licenses = license === undefined ? {} : { licenses: [licenseOf(license)] };
  return { type, "bom-ref": purl, name, version, purl, ...licenses };
}

/** An id of the SPDX list, or an expression of several. */
const licenseOf = (license) =>
  /[ (]/.test(license) ? { expression: license } : { license: { id: license } };

/** github.com/package-url/purl-spec: the @ of a scope is escaped. */
const purlOf = ({ name, version }) => `pkg:npm/${name.replace("@", "%40")}@${version}`;
