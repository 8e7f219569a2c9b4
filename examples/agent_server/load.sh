#!/usr/bin/env bash
# Pending approvals by the thousand in the agent server: that many people ask to buy, all of them wait, all are approved, all get what they
# asked for. Then the same people again, with the clock moved on until nothing of the round before is kept (conversations for 30 days,
# unless --keep says otherwise): memory after the last round must be what it was after the second. Client, server and tenant are one
# process. One line of JSON for each round; ends with a code that says whether nothing was lost, nothing done twice, and memory is flat.
#
# usage: examples/agent_server/load.sh [PEOPLE [ROUNDS [OPTION_OF_AGENT_SERVER...]]]   (10000 4)
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=test/support/setup.sh
. "$top/test/support/setup.sh"
examples=${ASSENT_EXAMPLES:-}
if [ -z "$examples" ]; then
    build release example_agent_server
    examples=$top/build/release/examples
fi
exec "$examples/agent_server" --load "${1:-10000}" --rounds "${2:-4}" --port 0 --tenant-port 0 "${@:3}"
