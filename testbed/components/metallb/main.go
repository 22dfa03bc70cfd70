//go:build tools

// Package metallb names the programs that are built of MetalLB's module.
package metallb

import (
	_ "go.universe.tf/metallb/controller"
	_ "go.universe.tf/metallb/speaker"
)
