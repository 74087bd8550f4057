// Package effects counts what the simulated market did, by the key of each effect, so that "done twice" can be read.
package effects

import "maps"

// Counts are effects and refusals since the start; maps are by the thing's id.
type Counts struct {
	Orders       int `json:"orders"`
	Cancelled    int `json:"cancelled"`
	RefusedSells int `json:"refused_sells"` // orders refused because a SKU was not listed
	BeyondListed int `json:"beyond_listed"` // units sold though not listed (replay)

	Ships         map[string]int `json:"ships"`          // by package: ships that took effect
	ShipAttempts  map[string]int `json:"ship_attempts"`  // by package: admitted ship requests, effective or not
	Labels        map[string]int `json:"labels"`         // by package: labels made
	LabelReads    map[string]int `json:"label_reads"`    // by package: documents answered
	SellerCancels map[string]int `json:"seller_cancels"` // by order: seller cancels that took effect
	CancelTries   map[string]int `json:"cancel_tries"`   // by order: admitted seller cancel requests
	Sent          map[string]int `json:"sent"`           // by order and tracking number: parcels of the seller's own carrier that took effect
	SendTries     map[string]int `json:"send_tries"`     // by order: admitted requests of that kind, effective or not
	Retracks      map[string]int `json:"retracks"`       // by package: tracking numbers that were changed
	Splits        map[string]int `json:"splits"`         // by order: splits that took effect
	SplitTries    map[string]int `json:"split_tries"`    // by order: admitted requests to split
	Combines      map[string]int `json:"combines"`       // by orders, joined by +: combinations that took effect
	CombineTries  map[string]int `json:"combine_tries"`  // by orders, joined by +: admitted requests to combine
	Answers       map[string]int `json:"answers"`        // by claim and decision: answers that took effect
	AnswerTries   map[string]int `json:"answer_tries"`   // by claim: admitted answers, effective or not

	InventoryWrites  int `json:"inventory_writes"`  // SKU quantities that took effect
	InventoryRefused int `json:"inventory_refused"` // answered in data.errors[]
	InventoryLost    int `json:"inventory_lost"`    // accepted and, by fault, never applied
}

// New makes counts of nothing.
func New() Counts {
	return Counts{
		Ships: map[string]int{}, ShipAttempts: map[string]int{}, Labels: map[string]int{}, LabelReads: map[string]int{},
		SellerCancels: map[string]int{}, CancelTries: map[string]int{}, Answers: map[string]int{}, AnswerTries: map[string]int{},
		Sent: map[string]int{}, SendTries: map[string]int{}, Retracks: map[string]int{},
		Splits: map[string]int{}, SplitTries: map[string]int{}, Combines: map[string]int{}, CombineTries: map[string]int{},
	}
}

// Clone copies the maps too.
func (c Counts) Clone() Counts {
	for _, m := range []*map[string]int{
		&c.Ships, &c.ShipAttempts, &c.Labels, &c.LabelReads, &c.SellerCancels, &c.CancelTries, &c.Answers, &c.AnswerTries,
		&c.Sent, &c.SendTries, &c.Retracks, &c.Splits, &c.SplitTries, &c.Combines, &c.CombineTries,
	} {
		*m = maps.Clone(*m)
	}
	return c
}
