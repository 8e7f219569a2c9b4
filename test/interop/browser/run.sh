#!/usr/bin/env bash
# Runs the browser test of the demonstration: run.sh AGENT_SERVER SCREENSHOT_FOLDER. Ends with 77 when there is no Chromium, except where CI
# is true: there it has to be.
set -euo pipefail
top=$(cd "$(dirname "$0")/../../.." && pwd)
# shellcheck source=test/support/setup.sh
. "$top/test/support/setup.sh"

use_node || fail "the browser test needs Node.js 20 or newer"
[ -d "$top/test/interop/node_modules/playwright-core" ] || fail "test/interop/node_modules is missing: run npm ci in test/interop"
status=0
node "$top/test/interop/browser/demo.mjs" "$1" "$2" </dev/null || status=$?
if [ $status -eq 77 ] && [ "${CI:-}" = true ]; then
    fail "Chromium is missing: apt install chromium"
fi
exit $status
