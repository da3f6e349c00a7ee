#!/usr/bin/env node
// From Node 22.8 on it keeps what it compiled; on Node 20 the question alone would cost a millisecond.
if (Number.parseInt(process.versions.node, 10) >= 22) require("node:module").enableCompileCache?.();
require("../dist/main.cjs");
