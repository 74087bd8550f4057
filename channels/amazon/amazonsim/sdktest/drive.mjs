// Drives the simulator at SIM_URL with public clients of the Selling Partner API (@sp-api-sdk), which share no code with it. Their
// addresses are Amazon's, so one axios adapter sends each request to the simulator; tokens, paths, bodies and error reading stay theirs.
// Prints one JSON object of what it saw; exits 1 on the first thing that is not as it should be.
import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import axios from "axios";

const { SIM_URL, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, MARKETPLACE, ORDER, SKU } = process.env;
const hosts = [];
const send = axios.getAdapter("http");
axios.defaults.adapter = (config) => {
  const there = new URL(axios.getUri(config));
  hosts.push(there.host);
  return send({ ...config, baseURL: undefined, params: undefined, url: SIM_URL + there.pathname + there.search });
};
// Each client makes its own axios as it is loaded, so they are loaded only now.
const { SellingPartnerApiAuth } = await import("@sp-api-sdk/auth");
const orders = await import("@sp-api-sdk/orders-api-2026-01-01");
const ordersV0 = await import("@sp-api-sdk/orders-api-v0");
const reports = await import("@sp-api-sdk/reports-api-2021-06-30");

const clientOf = (api, name, refreshToken = REFRESH_TOKEN) =>
  new api[name]({ auth: new SellingPartnerApiAuth({ clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, refreshToken }), region: "eu" });
const reader = clientOf(orders, "OrdersApiClient");
const shipper = clientOf(ordersV0, "OrdersApiClient");
const includedData = ["FULFILLMENT", "PACKAGES", "PROCEEDS"];
const read = async () => (await reader.getOrder({ orderId: ORDER, includedData })).data.order;

// the order before it is sent
const before = await read();
const item = before.orderItems.find(({ product }) => product.sellerSku === SKU);
assert.equal(before.fulfillment.fulfillmentStatus, "UNSHIPPED");

// a part of it is confirmed, then the same parcel with another number, which is an edit, then the rest
const confirm = async (packageReferenceId, trackingNumber, quantity) =>
  (
    await shipper.confirmShipment({
      orderId: ORDER,
      payload: {
        marketplaceId: MARKETPLACE,
        packageDetail: {
          packageReferenceId,
          carrierCode: "Royal Mail",
          shippingMethod: "Tracked 48",
          trackingNumber,
          shipDate: new Date().toISOString(),
          orderItems: [{ orderItemId: item.orderItemId, quantity }],
        },
      },
    })
  ).status;
const statuses = [await confirm("1", "RM1GB", 1)];
const partly = (await read()).fulfillment.fulfillmentStatus;
statuses.push(await confirm("1", "RM2GB", 1), await confirm("2", "RM3GB", 1));
const after = await read();

// what the clients call errors
const refusal = async (call) => {
  try {
    await call();
  } catch (error) {
    return { message: error.message, code: error.response?.data?.errors?.[0]?.code ?? error.response?.data?.error };
  }
  assert.fail("it was not refused");
};
const tooMany = await refusal(() => confirm("3", "RM4GB", 1));
const missing = await refusal(() => reader.getOrder({ orderId: "026-9999999-9999999" }));
const outside = await refusal(() => clientOf(orders, "OrdersApiClient", "Atzr|nobody").getOrder({ orderId: ORDER }));

// the report of returns
const reporter = clientOf(reports, "ReportsApiClient");
const { reportId } = (
  await reporter.createReport({
    body: { reportType: "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE", marketplaceIds: [MARKETPLACE], dataStartTime: new Date(Date.now() - 864e5).toISOString() },
  })
).data;
const report = (await reporter.getReport({ reportId })).data;
assert.equal(report.processingStatus, "DONE");
const document = (await reporter.getReportDocument({ reportDocumentId: report.reportDocumentId })).data;
assert.equal(document.compressionAlgorithm, "GZIP");
const [head, ...rows] = gunzipSync(Buffer.from(await (await fetch(document.url)).arrayBuffer()))
  .toString()
  .trimEnd()
  .split("\n")
  .map((line) => line.split("\t"));
const returned = rows.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i]])));

console.log(
  JSON.stringify({
    statuses,
    partly,
    status: after.fulfillment.fulfillmentStatus,
    total: after.proceeds.grandTotal,
    parcels: after.packages.map(({ packageReferenceId, trackingNumber }) => `${packageReferenceId} ${trackingNumber}`),
    tooMany,
    missing,
    outside,
    returned: returned.map((row) => [row["Order ID"], row["Merchant SKU"], row["Return quantity"], row["Return request status"]].join(" ")),
    hosts: [...new Set(hosts)].sort(),
  }),
);
