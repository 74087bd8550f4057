package shopify

// The documents are all that is ever asked of Shopify; a test holds each against the vendor's own schema.

const variantFields = `
fragment VariantFields on ProductVariant {
  id title sku price inventoryPolicy
  product { id title status hasOnlyDefaultVariant }
  inventoryItem { id tracked inventoryLevel(locationId: $location) { quantities(names: ["available", "committed"]) { name quantity } } }
}`

const listingsDocument = `query Listings($first: Int!, $after: String, $location: ID!) {
  productVariants(first: $first, after: $after) { pageInfo { hasNextPage endCursor } nodes { ...VariantFields } }
  shop { currencyCode }
}` + variantFields

const quantitiesDocument = `query Quantities($ids: [ID!]!, $location: ID!) {
  nodes(ids: $ids) { ...VariantFields }
}` + variantFields

const locationsDocument = `query Locations {
  locations(first: 100, includeInactive: true) { nodes { id name isActive fulfillsOnlineOrders } }
}`

const setDocument = `mutation SetQuantity($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) { userErrors { code field message } }
}`

const subscriptionsDocument = `query Subscriptions {
  webhookSubscriptions(first: 100) { nodes { id topic uri } }
}`

const subscribeDocument = `mutation Subscribe($topic: WebhookSubscriptionTopic!, $uri: String!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: {uri: $uri, format: JSON}) { webhookSubscription { id } userErrors { field message } }
}`

const resubscribeDocument = `mutation Resubscribe($id: ID!, $uri: String!) {
  webhookSubscriptionUpdate(id: $id, webhookSubscription: {uri: $uri}) { webhookSubscription { id } userErrors { field message } }
}`

const unsubscribeDocument = `mutation Unsubscribe($id: ID!) {
  webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { field message } }
}`

const shopDocument = `query Shop {
  shop { id name myshopifyDomain currencyCode }
  currentAppInstallation { accessScopes { handle } }
}`

// documents are all of the above, by the names of their operations.
var documents = map[string]string{
	"Listings": listingsDocument, "Quantities": quantitiesDocument, "Locations": locationsDocument, "SetQuantity": setDocument,
	"Subscriptions": subscriptionsDocument, "Subscribe": subscribeDocument, "Resubscribe": resubscribeDocument,
	"Unsubscribe": unsubscribeDocument, "Shop": shopDocument,
}
