package cloudautomator

import (
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// sameSettings reports whether two models ask for the same job. What is not
// known yet is another one.
func (m *jobModel) sameSettings(other *jobModel) bool {
	return m.Name.Equal(other.Name) && m.GroupID.Equal(other.GroupID) && m.ActionType.Equal(other.ActionType) &&
		m.AWSAccountID.Equal(other.AWSAccountID) && sameLists(m.AWSAccountIDs, other.AWSAccountIDs) && m.GoogleCloudAccountID.Equal(other.GoogleCloudAccountID) &&
		!m.ActionValue.IsUnknown() && !other.ActionValue.IsUnknown() && sameObject(m.ActionValue.ValueString(), other.ActionValue.ValueString()) &&
		sameFlags(m.AllowRuntimeActionValues, other.AllowRuntimeActionValues) &&
		sameDates(m.EffectiveDate, other.EffectiveDate) && sameDates(m.ExpirationDate, other.ExpirationDate) &&
		sameLists(m.CompletedPostProcessID, other.CompletedPostProcessID) && sameLists(m.FailedPostProcessID, other.FailedPostProcessID)
}

// sameLists compares lists; none and an empty one say the same.
func sameLists(a, b types.List) bool { return a.Equal(b) || empty(a) && empty(b) }

// sameFlags compares flags; none and false say the same.
func sameFlags(a, b types.Bool) bool {
	return a.Equal(b) || !a.IsUnknown() && !b.IsUnknown() && a.ValueBool() == b.ValueBool()
}

// sameDates compares dates: those that are instants say the same in any time zone.
func sameDates(a, b types.String) bool {
	x, isX := instant(a.ValueString())
	y, isY := instant(b.ValueString())
	return a.Equal(b) || isX && isY && x.Equal(y)
}

func known(v attr.Value) bool { return !v.IsNull() && !v.IsUnknown() }

func empty(list types.List) bool { return !list.IsUnknown() && len(list.Elements()) == 0 }

func ints(list types.List) []int64 {
	values := []int64{}
	for _, element := range list.Elements() {
		if value, ok := element.(types.Int64); ok {
			values = append(values, value.ValueInt64())
		}
	}
	return values
}

func listOf(numbers []number) types.List {
	elements := []attr.Value{}
	for _, n := range numbers {
		elements = append(elements, types.Int64Value(int64(n)))
	}
	return types.ListValueMust(types.Int64Type, elements)
}

func (n *number) value() types.Int64 {
	if n == nil {
		return types.Int64Null()
	}
	return types.Int64Value(int64(*n))
}

// takeSettings records the settings that the service shows, where they are not
// what is recorded in other words: only a changed job is a changed state.
// A state that was just imported holds nothing yet.
func (m *jobModel) takeSettings(s settings) {
	imported := m.Name.IsNull()
	if imported || !isMarked(s.Name) {
		m.Name = types.StringValue(s.Name)
	}
	m.GroupID, m.ActionType = types.Int64Value(int64(s.GroupID)), types.StringValue(s.ActionType)
	m.takeAccounts(s)
	if imported {
		m.ActionValue = types.StringValue(string(s.ActionValue))
	} else {
		m.ActionValue = types.StringValue(drifted(m.ActionValue.ValueString(), string(s.ActionValue)))
	}
	for date, shown := range map[*types.String]types.String{
		&m.EffectiveDate: types.StringPointerValue(s.EffectiveDate), &m.ExpirationDate: types.StringPointerValue(s.ExpirationDate),
	} {
		if imported || !sameDates(shown, *date) {
			*date = shown
		}
	}
	if flag := types.BoolPointerValue(s.AllowRuntimeActionValues); imported || !sameFlags(flag, m.AllowRuntimeActionValues) {
		m.AllowRuntimeActionValues = flag
	}
	for list, shown := range map[*types.List][]number{&m.CompletedPostProcessID: s.CompletedPostProcessID, &m.FailedPostProcessID: s.FailedPostProcessID} {
		if imported || !sameLists(listOf(shown), *list) {
			*list = listOf(shown)
		}
	}
}

// takeAccounts records the account arguments: the one that is recorded, or else
// whichever the service shows. It may show one account in two ways.
func (m *jobModel) takeAccounts(s settings) {
	if !m.AWSAccountID.IsNull() {
		m.AWSAccountID = s.AWSAccountID.value()
	}
	if !empty(m.AWSAccountIDs) {
		m.AWSAccountIDs = listOf(s.AWSAccountIDs)
	}
	if !m.GoogleCloudAccountID.IsNull() {
		m.GoogleCloudAccountID = s.GoogleCloudAccountID.value()
	}
	if !m.AWSAccountID.IsNull() || !empty(m.AWSAccountIDs) || !m.GoogleCloudAccountID.IsNull() {
		return
	}
	if len(s.AWSAccountIDs) < 2 {
		m.AWSAccountID = s.AWSAccountID.value()
	}
	if m.AWSAccountID.IsNull() && len(s.AWSAccountIDs) > 0 {
		m.AWSAccountIDs = listOf(s.AWSAccountIDs)
	}
	m.GoogleCloudAccountID = s.GoogleCloudAccountID.value()
}

// fill records what an update has left to the service, from its answer.
func (m *jobModel) fill(s settings) {
	if m.AllowRuntimeActionValues.IsUnknown() {
		m.AllowRuntimeActionValues = types.BoolPointerValue(s.AllowRuntimeActionValues)
	}
	if m.CompletedPostProcessID.IsUnknown() {
		m.CompletedPostProcessID = listOf(s.CompletedPostProcessID)
	}
	if m.FailedPostProcessID.IsUnknown() {
		m.FailedPostProcessID = listOf(s.FailedPostProcessID)
	}
}

// stores reports whether URL and access token are kept in the state.
func (m *jobModel) stores() bool {
	return m.StoreCredentials.IsNull() || m.StoreCredentials.ValueBool()
}

// rotates reports whether each update of the job rotates.
func (m *jobModel) rotates() bool { return m.RotateOnUpdate.IsNull() || m.RotateOnUpdate.ValueBool() }

// take records a job that was read: what it is, and how it is run.
func (m *jobModel) take(job Job, s settings) {
	m.ID = types.StringValue(job.ID)
	m.Active = types.BoolValue(s.Active)
	m.TimeZone, m.CreatedAt, m.UpdatedAt = text(job.TimeZone), text(s.CreatedAt), text(s.UpdatedAt)
	m.URL, m.AccessToken = types.StringNull(), types.StringNull()
	if m.stores() && job.URL != nil {
		m.URL, m.AccessToken = types.StringValue(job.URL.String()), types.StringValue(job.AccessToken)
	}
}

// takeFrom records what another state holds of the job.
func (m *jobModel) takeFrom(before jobModel) {
	m.ID, m.RotatedAt, m.Active = before.ID, before.RotatedAt, before.Active
	m.TimeZone, m.CreatedAt, m.UpdatedAt = before.TimeZone, before.CreatedAt, before.UpdatedAt
	m.URL, m.AccessToken = types.StringNull(), types.StringNull()
	if m.stores() {
		m.URL, m.AccessToken = before.URL, before.AccessToken
	}
}

// takeOpen records what another state holds of the arguments that are left to the
// service. In a plan they are not: one that is not known yet is to be set.
func (m *jobModel) takeOpen(before jobModel) {
	if m.AllowRuntimeActionValues.IsUnknown() {
		m.AllowRuntimeActionValues = before.AllowRuntimeActionValues
	}
	if m.CompletedPostProcessID.IsUnknown() {
		m.CompletedPostProcessID = before.CompletedPostProcessID
	}
	if m.FailedPostProcessID.IsUnknown() {
		m.FailedPostProcessID = before.FailedPostProcessID
	}
}

func text(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}
