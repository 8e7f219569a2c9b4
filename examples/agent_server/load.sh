#!/usr/bin/env bash
# Pending approvals by the thousand in the agent server: that many people ask to buy, all of them wait, all are approved, all get what they
# asked for; twice, so that what stays behind shows. Client, server and tenant are one process. One line of JSON for each round; ends with
# a code that says whether nothing was lost and nothing done twice.
#
# usage: examples/agent_server/load.sh [PEOPLE]   (10000)
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=test/support/setup.sh
. "$top/test/support/setup.sh"
examples=${ASSENT_EXAMPLES:-}
if [ -z "$examples" ]; then
    build release example_agent_server
    examples=$top/build/release/examples
fi
exec "$examples/agent_server" --load "${1:-10000}" --port 0 --tenant-port 0
