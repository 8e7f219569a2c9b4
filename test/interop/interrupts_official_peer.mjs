// Asks the 15 interrupt classes of the official SDK about each interrupt of a file.
//
// usage: node interrupts_official_peer.mjs FILE
//
// FILE holds a JSON array. Writes one line of JSON: for each element {isInterrupt: {class: answer...},
// hasRequestData: {async, device}}, and the version of the SDK.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(import.meta.url);
const sdk = require("@auth0/ai/interrupts");
const { version } = require("@auth0/ai/package.json");

const classes = {
  Auth0Interrupt: sdk.Auth0Interrupt,
  TokenVaultInterrupt: sdk.TokenVaultInterrupt,
  AsyncAuthorizationInterrupt: sdk.AsyncAuthorizationInterrupt,
  AccessDeniedInterrupt: sdk.AccessDeniedInterrupt,
  UserDoesNotHavePushNotificationsInterrupt: sdk.UserDoesNotHavePushNotificationsInterrupt,
  AuthorizationRequestExpiredInterrupt: sdk.AuthorizationRequestExpiredInterrupt,
  AuthorizationPendingInterrupt: sdk.AuthorizationPendingInterrupt,
  AuthorizationPollingInterrupt: sdk.AuthorizationPollingInterrupt,
  InvalidGrantInterrupt: sdk.InvalidGrantInterrupt,
  DeviceInterrupt: sdk.DeviceInterrupt,
};
for (const name of [
  "AccessDeniedInterrupt",
  "AuthorizationRequestExpiredInterrupt",
  "AuthorizationPendingInterrupt",
  "AuthorizationPollingInterrupt",
  "InvalidGrantInterrupt",
]) {
  classes[`DeviceInterrupts.${name}`] = sdk.DeviceInterrupts[name];
}

const answers = JSON.parse(readFileSync(process.argv[2], "utf8")).map((interrupt) => ({
  isInterrupt: Object.fromEntries(
    Object.entries(classes).map(([name, type]) => [name, Boolean(type.isInterrupt(interrupt))]),
  ),
  hasRequestData: {
    async: Boolean(sdk.AsyncAuthorizationInterrupt.hasRequestData(interrupt)),
    device: Boolean(sdk.DeviceInterrupt.hasRequestData(interrupt)),
  },
}));
console.log(JSON.stringify({ version, answers }));
