import { expect, it } from "vitest";
import { bareHost, isLoopback, isPrivateAddress } from "../../../src/system/addresses.ts";

it.each([
  ["loopback", ["127.0.0.1", "127.8.0.1", "::1", "[::1]", "::ffff:127.0.0.1"]],
  ["RFC 1918", ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "::ffff:10.0.0.1"]],
  ["CGNAT", ["100.64.0.1", "100.127.255.254"]],
  ["link-local", ["169.254.169.254", "fe80::1", "fe80::1%eth0"]],
  ["unique local", ["fc00::1", "fd12:3456::1"]],
  ["unspecified", ["0.0.0.0", "::"]],
])("%s is private", (_name, addresses) => {
  expect(addresses.filter((address) => !isPrivateAddress(address))).toEqual([]);
});

it.each([
  "172.15.0.1",
  "172.32.0.1",
  "100.63.0.1",
  "100.128.0.1",
  "8.8.8.8",
  "192.169.0.1",
  "2001:db8::1",
  "2606:4700::1",
])("%s is public", (address) => {
  expect(isPrivateAddress(address)).toBe(false);
});

it("loopback is only this machine", () => {
  expect(["127.0.0.1", "::1", "[::1]", "::ffff:127.0.0.1"].every(isLoopback)).toBe(true);
  expect(["10.0.0.1", "8.8.8.8", "fd00::1", "localhost", ""].some(isLoopback)).toBe(false);
});

it("a name is no address", () => {
  expect(["localhost", "k8s.example", "", "10.0.0"].some(isPrivateAddress)).toBe(false);
});

it("a URL's brackets are no part of the host", () => {
  expect([bareHost("[::1]"), bareHost("k8s.example")]).toEqual(["::1", "k8s.example"]);
});
