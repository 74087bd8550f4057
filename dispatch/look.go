//go:build !twin_no_look

package dispatch

// noLook is true only in the broken twin that the simulation must catch: there nobody looks at what a
// try before has done.
const noLook = false
