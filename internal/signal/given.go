package signal

import "github.com/hashicorp/terraform-plugin-framework/attr"

// Given reports whether an argument has a value. An unknown argument is neither
// given nor missing, because it may turn out to be null.
func Given(value attr.Value) bool { return !value.IsNull() && !value.IsUnknown() }

// Missing reports whether an argument is left out for certain.
func Missing(value attr.Value) bool { return value.IsNull() }
