import { expect, test } from "vitest";
import { serviceAddressOf } from "./service-address.ts";

function at(url: string, ...hosts: string[]) {
  const [host] = hosts;
  return serviceAddressOf({
    url,
    headers: host === undefined ? {} : { host },
    rawHeaders: hosts.flatMap((one) => ["Host", one]),
  });
}

test("service address: the path names namespace and Service, and what follows is the app's", () => {
  for (const [url, path] of [
    ["/-/services/shop/cart", "/"],
    ["/-/services/shop/cart/", "/"],
    ["/-/services/shop/cart?x", "/?x"],
    ["/-/services/shop/cart//evil.example/", "//evil.example/"],
    ["/-/services/shop/cart/..%2f..%2fother", "/..%2f..%2fother"],
  ] as const) {
    const prefix = "/-/services/shop/cart";
    expect(at(url, "a")).toEqual({ kind: "service", namespace: "shop", name: "cart", path, prefix });
  }
});

test("service address: a host name of two labels and one of our endings names Service and namespace", () => {
  for (const host of ["cart.shop.svc.rouse.internal", "cart.shop.localhost:8080", "Cart.SHOP.Localhost.:80"]) {
    const expected = { kind: "service", namespace: "shop", name: "cart", path: "/-/services/x/y/", prefix: "" };
    expect(at("/-/services/x/y/", host)).toEqual(expected);
  }
});

test("service address: everything else is none", () => {
  for (const host of [
    "cart.shop",
    "cart.localhost",
    "localhost",
    "a.cart.shop.localhost",
    "cart.shop.localhost.example.com",
    "cart.shop.svc.cluster.local",
    ".shop.localhost",
    "cart.shop.svcXrouse.internal",
    "",
  ]) {
    expect(at("/shop/cart", host), host).toBeUndefined();
  }
  for (const url of [
    "/-/services",
    "/-/services/shop",
    "/-/Services/a/b",
    "/x/-/services/a/b",
    "*",
    "http://h/-/services/a/b",
  ]) {
    expect(at(url, "a"), url).toBeUndefined();
  }
  expect(at("/shop/cart")).toBeUndefined();
});

test("service address: what could be read in two ways is refused", () => {
  for (const address of [
    at("/x", "cart.shop.localhost", "other"),
    at("/-/services/shop/cart", "a", "b"),
    at("http://other/x", "cart.shop.localhost"),
    at("*", "cart.shop.localhost"),
  ]) {
    expect(address).toMatchObject({ kind: "unreadable" });
  }
});
