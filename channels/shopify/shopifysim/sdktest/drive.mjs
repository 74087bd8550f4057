// Drives the simulator at SIM_URL with Shopify's own @shopify/admin-api-client. Its address is a shop's, so one fetch sends it
// to the simulator; documents, variables, retries and error reading stay the client's own.
// Prints one JSON object of what it saw; exits 1 on the first thing that is not as it should be.
import assert from "node:assert/strict";
import { createAdminApiClient } from "@shopify/admin-api-client";

const { SIM_URL, SHOP, TOKEN, ORDER, VARIANT } = process.env;
let redirected = 0;
const clientFor = (accessToken) =>
  createAdminApiClient({
    storeDomain: SHOP,
    apiVersion: "2026-07",
    accessToken,
    customFetchApi: (url, options) => {
      const there = new URL(url);
      assert.equal(there.host, SHOP);
      redirected++;
      return fetch(SIM_URL + there.pathname, options);
    },
  });
const client = clientFor(TOKEN);
const ask = async (document, variables) => {
  const { data, errors, extensions } = await client.request(document, { variables });
  assert.equal(errors, undefined, JSON.stringify(errors));
  assert.ok(extensions.cost.throttleStatus.maximumAvailable > 0);
  return data;
};

// orders, every page
const found = [];
for (let after = null; ; ) {
  const { orders } = await ask(
    `query ($after: String) { orders(first: 2, after: $after, sortKey: UPDATED_AT) { pageInfo { hasNextPage endCursor } edges { cursor node { id totalPriceSet { shopMoney { amount } } } } } }`,
    { after },
  );
  found.push(...orders.edges.map(({ node }) => node.id));
  if (!orders.pageInfo.hasNextPage) break;
  assert.equal(orders.pageInfo.endCursor, orders.edges.at(-1).cursor);
  after = orders.pageInfo.endCursor;
}

// stock: compare-and-swap with a key, again, and stale
const { productVariant, locations } = await ask(
  `query ($id: ID!) { productVariant(id: $id) { inventoryQuantity inventoryItem { id } } locations(first: 1) { nodes { id } } }`,
  { id: VARIANT },
);
const set = (quantity, from, key) =>
  ask(
    `mutation ($input: InventorySetQuantitiesInput!, $key: String!) { inventorySetQuantities(input: $input) @idempotent(key: $key) { userErrors { code } inventoryAdjustmentGroup { id } } }`,
    {
      key,
      input: {
        name: "available",
        reason: "correction",
        quantities: [{ inventoryItemId: productVariant.inventoryItem.id, locationId: locations.nodes[0].id, quantity, changeFromQuantity: from }],
      },
    },
  );
const before = productVariant.inventoryQuantity;
const first = (await set(7, before, "k1")).inventorySetQuantities.inventoryAdjustmentGroup.id;
const again = (await set(7, before, "k1")).inventorySetQuantities.inventoryAdjustmentGroup.id;
assert.equal(first, again);
const stale = (await set(6, before, "k2")).inventorySetQuantities.userErrors[0].code;

// send
const { order } = await ask(`query ($id: ID!) { order(id: $id) { fulfillmentOrders(first: 5) { nodes { id } } } }`, { id: ORDER });
const { fulfillmentCreate } = await ask(
  `mutation ($f: FulfillmentInput!) { fulfillmentCreate(fulfillment: $f) { fulfillment { status trackingInfo { number } } userErrors { message } } }`,
  { f: { lineItemsByFulfillmentOrder: [{ fulfillmentOrderId: order.fulfillmentOrders.nodes[0].id }], trackingInfo: { company: "Royal Mail", number: "RM1GB" } } },
);

// what the client calls errors
const wrong = await client.request(`{ shop { colour } }`);
assert.match(JSON.stringify(wrong.errors), /colour/);
const outside = await clientFor("shpat_nobody").request(`{ shop { name } }`);
assert.equal(outside.errors.networkStatusCode, 401);

console.log(JSON.stringify({ found, before, stale, redirected, status: fulfillmentCreate.fulfillment.status, tracking: fulfillmentCreate.fulfillment.trackingInfo[0].number }));
