//go:build twin_no_look

package dispatch

// noLook makes the broken twin: nobody looks at what a try before has done.
const noLook = true
