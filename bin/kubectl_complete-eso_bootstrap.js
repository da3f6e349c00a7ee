#!/usr/bin/env node
// Asked by kubectl what may follow `kubectl eso-bootstrap …` (github.com/kubernetes/kubectl, "kubectl_complete-").
process.argv.splice(2, 0, "__complete", "--");
require("./eso-bootstrap.js");
