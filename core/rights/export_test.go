package rights

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"cartable/core/chat"
)

// Differ tells how the memories of two Rights differ, "" for not at all.
func Differ(a, b *Rights) string {
	for _, r := range []*Rights{a, b} {
		for _, list := range r.memory.shown {
			slices.SortFunc(list, func(x, y Grant) int { return cmp.Compare(x.Account, y.Account) })
		}
		for _, list := range r.memory.groups {
			slices.SortFunc(list, func(x, y chat.ChatID) int { return cmp.Compare(x.Key(), y.Key()) })
		}
	}
	switch {
	case !maps.Equal(a.memory.accounts, b.memory.accounts):
		return fmt.Sprintf("accounts: %v and %v", a.memory.accounts, b.memory.accounts)
	case !reflect.DeepEqual(a.memory.owned, b.memory.owned):
		return fmt.Sprintf("owned: %v and %v", a.memory.owned, b.memory.owned)
	case !reflect.DeepEqual(a.memory.shown, b.memory.shown):
		return fmt.Sprintf("shown: %v and %v", a.memory.shown, b.memory.shown)
	case !reflect.DeepEqual(a.memory.groups, b.memory.groups):
		return fmt.Sprintf("groups: %v and %v", a.memory.groups, b.memory.groups)
	}
	return ""
}
