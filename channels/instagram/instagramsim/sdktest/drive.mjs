// Drives the simulator at SIM_URL with npm facebook-nodejs-business-sdk: paths, parameters, paging and errors are the SDK's
// own; only its host is another. The webhook bodies on standard input are judged by npm @octokit/webhooks-methods, whose
// header is the vendor's. Prints one JSON object of what it saw; exits 1 on the first thing that is not as it should be.
import assert from "node:assert/strict";
import { verify } from "@octokit/webhooks-methods";
import sdk from "facebook-nodejs-business-sdk";

const { SIM_URL, TOKEN, CATALOG, APP_SECRET, WEBHOOKS } = process.env;
const { FacebookAdsApi, ProductCatalog, ProductItem } = sdk;
Object.defineProperty(FacebookAdsApi, "GRAPH", { get: () => SIM_URL });
FacebookAdsApi.init(TOKEN, "en_US", false);

const catalog = new ProductCatalog(CATALOG);
const self = await catalog.read(["id", "name", "product_count"]);
assert.equal(self.id, CATALOG);

// every page, by the address that the answer names
const found = [];
let pages = 1;
const { Fields } = ProductItem;
const wanted = [Fields.retailer_id, Fields.quantity_to_sell_on_facebook, Fields.availability];
let cursor = await catalog.getProducts(wanted, { limit: 2 });
for (;;) {
  found.push(...cursor.map((item) => [item.retailer_id, item.quantity_to_sell_on_facebook]));
  if (!cursor.hasNext()) break;
  cursor = await cursor.next();
  pages++;
}

// a batch, what became of it, and the effect
const write = (...data) =>
  catalog.createItemsBatch([], { item_type: "PRODUCT_ITEM", allow_upsert: false, requests: data.map((d) => ({ method: "UPDATE", data: d })) });
const answer = await write(
  { id: "SKU-1", availability: "in stock", quantity_to_sell_on_facebook: 7 },
  { id: "SKU-9", availability: "in stock", quantity_to_sell_on_facebook: 1 },
);
const [handle] = answer.handles;
const [status] = await catalog.getCheckBatchRequestStatus(["status", "errors", "errors_total_count", "ids_of_invalid_requests"], {
  handle,
  load_ids_of_invalid_requests: true,
});
const filter = { retailer_id: { is_any: ["SKU-1"] } };
const [after] = await catalog.getProducts(wanted, { filter });

// a refusal
FacebookAdsApi.init("EAAnobody", "en_US", false);
await assert.rejects(new ProductCatalog(CATALOG).read(["id"]), (error) => error.response.code === 190);

const signed = [];
for (const { body, signature } of JSON.parse(WEBHOOKS)) {
  signed.push((await verify(APP_SECRET, body, signature)) && !(await verify(APP_SECRET, JSON.stringify(JSON.parse(body)), signature)));
}
console.log(
  JSON.stringify({
    found, pages, signed, handle, status: status.status, errors: status.errors_total_count,
    invalid: status.ids_of_invalid_requests, after: after.quantity_to_sell_on_facebook,
  }),
);
