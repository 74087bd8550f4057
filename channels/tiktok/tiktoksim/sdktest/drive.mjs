// Drives the simulator at SIM_URL with npm tiktok-shop-sdk. The SDK's hosts are fixed, but it calls the global fetch,
// so one wrapper sends both of them to the simulator; signing, queries and error reading stay the SDK's own.
// Prints one JSON object of what it saw; exits 1 on the first thing that is not as it should be.
import assert from "node:assert/strict";
import { TikTokAPIError, TikTokShopSDK } from "tiktok-shop-sdk";

const { SIM_URL, APP_KEY, APP_SECRET, AUTH_CODE, SHIP_PACKAGE, CANCEL_ORDER, SKU, PRODUCT } = process.env;
const vendor = /^https:\/\/(open-api\.tiktokglobalshop\.com|auth\.tiktok-shops\.com)/;
const { fetch: send } = globalThis;
let redirected = 0;
globalThis.fetch = (url, options) => {
  if (vendor.test(url)) redirected++;
  return send(String(url).replace(vendor, SIM_URL), options);
};

const refused = async (code, call) => {
  await assert.rejects(call, (error) => error instanceof TikTokAPIError && error.code === code);
};

const sdk = new TikTokShopSDK({ appKey: APP_KEY, appSecret: APP_SECRET });
const tokens = (await sdk.auth.getAccessToken({ auth_code: AUTH_CODE })).data;
assert.ok(tokens.access_token_expire_in > Date.now() / 1000, "expiry is an absolute time");
sdk.setAccessToken(tokens.access_token);
const [shop] = (await sdk.shop.getAuthorizedShops()).data.shops;
await refused(106013, () => sdk.event.getShopWebhooks()); // no cipher yet
sdk.setShopCipher(shop.cipher);

// search: every page, with tokens that need escaping
const found = [];
let pages = 0;
for (let page_token = ""; ; pages++) {
  const query = { page_size: 2, sort_field: "update_time", sort_order: "ASC", ...(page_token && { page_token }) };
  const { data } = await sdk.order.getOrderList({ query, body: { order_status: "AWAITING_SHIPMENT" } });
  found.push(...data.orders.map((order) => order.id));
  page_token = data.next_page_token;
  if (!page_token) break;
  assert.match(page_token, /[+/].*=$/);
}

// detail: ids as strings, one line item a unit
const { orders } = (await sdk.order.getOrderDetail({ ids: found.join(",") })).data;
const units = orders.map((order) => order.line_items.length);
assert.ok(orders.every((order) => typeof order.id === "string" && order.packages.length === 1));

// stock
const before = (await sdk.product.searchInventory({ sku_ids: [SKU] })).data.inventory[0].skus[0];
await sdk.product.updateProductInventory({
  product_id: PRODUCT,
  body: { skus: [{ id: SKU, inventory: [{ warehouse_id: before.warehouse_inventory[0].warehouse_id, quantity: 7 }] }] },
});
const after = (await sdk.product.searchInventory({ sku_ids: [SKU] })).data.inventory[0].skus[0];
const listed = [before.total_available_quantity, after.total_available_quantity];
const products = (await sdk.product.searchProducts({ query: { page_size: 10 }, body: { status: "ACTIVATE" } })).data.products.length;

// ship and document: the SDK has no method for these two, so its own signed request is used
const slots = (await sdk.fulfillment.getPackageHandoverTimeSlots(SHIP_PACKAGE)).data.pickup_slots;
const ship = () =>
  sdk.requestCipher({
    method: "POST",
    path: `/fulfillment/202309/packages/${SHIP_PACKAGE}/ship`,
    body: { handover_method: "PICKUP", pickup_slot: { start_time: slots[0].start_time, end_time: slots[0].end_time } },
  });
const label = () =>
  sdk.requestCipher({
    method: "GET",
    path: `/fulfillment/202309/packages/${SHIP_PACKAGE}/shipping_documents`,
    query: { document_type: "SHIPPING_LABEL", document_size: "A6" },
  });
await ship();
await refused(11006021, ship);
await refused(11034037, label);
const document = (await label()).data;
const pdf = Buffer.from(await (await send(document.doc_url)).arrayBuffer());
assert.equal(pdf.subarray(0, 5).toString(), "%PDF-");
assert.match(pdf.toString("latin1"), /%%EOF\n$/);
const shipped = (await sdk.fulfillment.searchPackage({ query: { page_size: 10 }, body: { package_status: "PROCESSING" } })).data.packages;

// webhooks, cancel, refresh
await sdk.event.updateShopWebhook({ event_type: "ORDER_STATUS_CHANGE", address: "https://hub.example.test/wh" });
const webhooks = (await sdk.event.getShopWebhooks()).data.total_count;
await sdk.event.deleteShopWebhook({ event_type: "ORDER_STATUS_CHANGE" });
const cancelled = (await sdk.return_refund.cancelOrder({ order_id: CANCEL_ORDER, cancel_reason: "seller_cancel_reason_out_of_stock" })).data;
const refreshed = (await sdk.auth.refreshAccessToken({ refresh_token: tokens.refresh_token })).data;
await refused(36004004, () => sdk.auth.refreshAccessToken({ refresh_token: tokens.refresh_token }));
sdk.setAccessToken(refreshed.access_token);
await sdk.event.getShopWebhooks();

console.log(
  JSON.stringify({
    shop: shop.id, found, pages, units, listed, products, webhooks, redirected,
    tracking: document.tracking_number, shipped: shipped.map((p) => p.id), cancel_status: cancelled.cancel_status,
  }),
);
