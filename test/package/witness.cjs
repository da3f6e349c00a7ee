// Loaded before the tool (`node --require`): at its end writes what was loaded, and the peak of its resident memory.
const { readFileSync, writeFileSync } = require("node:fs");

process.on("exit", () => {
  const loaded = Object.keys(require.cache).filter((file) => file !== __filename);
  writeFileSync(process.env.WITNESS, JSON.stringify({ loaded, megabytes: peak() }));
});

/** VmHWM of Linux where there is one: what `resourceUsage` says there begins with the memory of the parent. */
function peak() {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024;
  } catch {
    return process.resourceUsage().maxRSS / 1024;
  }
}
