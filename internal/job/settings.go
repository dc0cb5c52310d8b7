package job

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/cloudautomator"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// setting is an argument that the service stores, with its value in one model.
type setting struct {
	name  string
	value attr.Value
	set   func(attr.Value)
	// fills says that the service fills in the argument if it is not set, and cleared is
	// the value that an update then sends if it was set before; nil if it sends none.
	fills   bool
	cleared attr.Value
	// fixed says that an update cannot change the setting.
	fixed bool
}

func settingOf[T attr.Value](name string, at *T) setting {
	return setting{name: name, value: *at, set: func(v attr.Value) { *at = v.(T) }}
}

func (s setting) filled(cleared attr.Value) setting {
	s.fills, s.cleared = true, cleared
	return s
}

func (s setting) unchangeable() setting {
	s.fixed = true
	return s
}

// settings returns all arguments that the service stores.
func (m *jobModel) settings() []setting {
	return []setting{
		settingOf("name", &m.Name),
		settingOf("group_id", &m.GroupID).unchangeable(),
		settingOf("action_type", &m.ActionType).unchangeable(),
		settingOf("for_workflow", &m.ForWorkflow).unchangeable().filled(nil),
		settingOf("aws_account_id", &m.AWSAccountID),
		settingOf("aws_account_ids", &m.AWSAccountIDs),
		settingOf("google_cloud_account_id", &m.GoogleCloudAccountID),
		settingOf("action_value", &m.ActionValue),
		settingOf("allow_runtime_action_values", &m.AllowRuntimeActionValues).filled(types.BoolValue(false)),
		settingOf("effective_date", &m.EffectiveDate),
		settingOf("expiration_date", &m.ExpirationDate),
		settingOf("completed_post_process_id", &m.CompletedPostProcessID).filled(listOf(nil)),
		settingOf("failed_post_process_id", &m.FailedPostProcessID).filled(listOf(nil)),
	}
}

// same reports whether two values of a setting mean the same, whatever their
// form. An unknown value differs from every value.
func (s setting) same(other setting) bool {
	if s.value.IsUnknown() || other.value.IsUnknown() {
		return false
	}
	if s.name == "action_value" {
		return sameObject(s.value.(types.String).ValueString(), other.value.(types.String).ValueString())
	}
	return s.plain() == other.plain()
}

// plain returns a setting in the form that is compared. null, false, "" and an
// empty list are equal, and so are equal instants in different time zones.
func (s setting) plain() string {
	switch v := s.value.(type) {
	case types.Bool:
		if !v.ValueBool() {
			return ""
		}
	case types.List:
		if len(v.Elements()) == 0 {
			return ""
		}
	case types.String:
		text := v.ValueString()
		if s.name == "action_value" {
			object, err := parseObject(text)
			if err != nil {
				return text
			}
			return canonical(object)
		}
		if at, ok := cloudautomator.ParseTime(text); ok && s.isDate() {
			return at.UTC().Format(time.RFC3339Nano)
		}
		return text
	}
	if s.value.IsNull() {
		return ""
	}
	return s.value.String()
}

func (s setting) isDate() bool { return s.name == "effective_date" || s.name == "expiration_date" }

// shownBy reports whether the service shows a job with these settings. Settings
// that are left to the service may have any value.
func (m *jobModel) shownBy(s cloudautomator.Settings) bool {
	shown := m.shown(s)
	theirs := shown.settings()
	for i, one := range m.settings() {
		if left := one.fills && one.value.IsNull(); !left && !one.value.IsUnknown() && !one.same(theirs[i]) {
			return false
		}
	}
	return m.Name.ValueString() == s.Name
}

// shown returns the model with the settings that the service shows.
// action_value has only the recorded members, and the name has no suffix.
func (m *jobModel) shown(s cloudautomator.Settings) jobModel {
	shown := *m
	imported := m.Name.IsNull()
	if !hasSuffix(s.Name) {
		shown.Name = types.StringValue(s.Name)
	} else if imported {
		shown.Name = types.StringValue(suffixPattern().ReplaceAllString(s.Name, ""))
	}
	shown.GroupID, shown.ActionType = types.Int64Value(int64(s.GroupID)), types.StringValue(s.ActionType)
	shown.ForWorkflow, shown.AllowRuntimeActionValues = types.BoolPointerValue(s.ForWorkflow), types.BoolPointerValue(s.AllowRuntimeActionValues)
	shown.EffectiveDate, shown.ExpirationDate = text(s.EffectiveDate), text(s.ExpirationDate)
	shown.CompletedPostProcessID, shown.FailedPostProcessID = listOf(s.CompletedPostProcessID), listOf(s.FailedPostProcessID)
	if shown.ActionValue = actionValue(s); !imported && signal.Given(shown.ActionValue) {
		shown.ActionValue = types.StringValue(recordedActionValue(m.ActionValue.ValueString(), shown.ActionValue.ValueString()))
	}
	shown.takeAccounts(s)
	return shown
}

// actionValue returns the complete action_value of the service; null for all
// its forms of an empty one.
func actionValue(s cloudautomator.Settings) types.String {
	switch value := string(s.ActionValue); value {
	case "", "null", `""`, "[]":
		return types.StringNull()
	default:
		return types.StringValue(value)
	}
}

// takeAccounts records the account arguments: the recorded argument or, if
// there is none, the one that the service shows. The service may show one
// account in two arguments.
func (m *jobModel) takeAccounts(s cloudautomator.Settings) {
	if !m.AWSAccountID.IsNull() {
		m.AWSAccountID = int64Of(s.AWSAccountID)
	}
	if !empty(m.AWSAccountIDs) {
		m.AWSAccountIDs = listOf(s.AWSAccountIDs)
	}
	if !m.GoogleCloudAccountID.IsNull() {
		m.GoogleCloudAccountID = int64Of(s.GoogleCloudAccountID)
	}
	if !m.AWSAccountID.IsNull() || !empty(m.AWSAccountIDs) || !m.GoogleCloudAccountID.IsNull() {
		return
	}
	if len(s.AWSAccountIDs) < 2 {
		m.AWSAccountID = int64Of(s.AWSAccountID)
	}
	if m.AWSAccountID.IsNull() && len(s.AWSAccountIDs) > 0 {
		m.AWSAccountIDs = listOf(s.AWSAccountIDs)
	}
	m.GoogleCloudAccountID = int64Of(s.GoogleCloudAccountID)
}

// refreshSettings records the settings that the service shows. It keeps the
// recorded value if the service only shows it in another form, or shows what it
// made of the last request.
func (m *jobModel) refreshSettings(s cloudautomator.Settings, p *privateState) {
	imported, shown := m.Name.IsNull(), m.shown(s)
	if p.Moved {
		if shown.ActionValue = actionValue(s); signal.Given(m.ActionValue) && loosely(m.ActionValue.ValueString(), string(s.ActionValue)) {
			shown.ActionValue = m.ActionValue
		}
	}
	theirs := shown.settings()
	for i, one := range m.settings() {
		now := theirs[i]
		asShown := matches(p.Shown[one.name], now.plain())
		if !imported && (one.same(now) || asShown && !p.drifted(one.name)) {
			continue
		}
		if one.set(now.value); p.Asked == nil || p.leftToService(one.name) {
			continue
		}
		p.Drifted = slices.DeleteFunc(p.Drifted, func(name string) bool { return name == one.name })
		if !asShown && !matches(p.Asked[one.name], now.plain()) {
			p.Drifted = append(p.Drifted, one.name)
		}
	}
}

// drifted reports whether somebody has changed a setting since the last write.
func (p privateState) drifted(name string) bool { return slices.Contains(p.Drifted, name) }

// leftToService reports whether the service decides the value of a setting: the last
// written configuration did not set it, this state has not written the job yet, or the
// last request is not known.
func (p privateState) leftToService(name string) bool {
	_, asked := p.Asked[name]
	return p.Imported || !asked
}

// recordRequested records what was requested for each setting that is not left to
// the service and, if the service shows a setting in another form, what it showed.
func (p *privateState) recordRequested(config, asked, shown jobModel) {
	theirs, configured := shown.settings(), config.settings()
	p.Asked, p.Shown, p.Drifted = map[string]string{}, map[string]string{}, nil
	for i, one := range asked.settings() {
		if !one.fills || !configured[i].value.IsNull() {
			p.Asked[one.name] = fingerprint(one.plain())
		}
		if !one.same(theirs[i]) {
			p.Shown[one.name] = fingerprint(theirs[i].plain())
		}
	}
	p.askFor(asked.ActionValue)
}

// unchanged returns the settings that the service did not change. After a change,
// that is a setting for which the service still shows the value from before.
// After a creation, it is a flag or a number for which the service shows
// another value.
func (m *jobModel) unchanged(recorded *jobModel, before *cloudautomator.Settings, s cloudautomator.Settings) (names []string) {
	shown, was, changed := m.shown(s), jobModel{}, []setting(nil)
	if before != nil {
		was, changed = m.shown(*before), recorded.settings()
	}
	theirs, earlier := shown.settings(), was.settings()
	for i, one := range m.settings() {
		now, unchanged := theirs[i], false
		if before != nil {
			unchanged = !one.same(changed[i]) && now.same(earlier[i])
		} else {
			_, flag := now.value.(types.Bool)
			_, number := now.value.(types.Int64)
			unchanged = flag || number || now.plain() == ""
		}
		if unchanged && !one.same(now) && !one.value.IsUnknown() && (!one.value.IsNull() || one.isDate()) {
			names = append(names, one.name)
		}
	}
	return names
}

func empty(list types.List) bool { return !list.IsUnknown() && len(list.Elements()) == 0 }

func ints(list types.List) []int64 {
	values := []int64{}
	for _, element := range list.Elements() {
		values = append(values, element.(types.Int64).ValueInt64())
	}
	return values
}

func listOf(numbers []cloudautomator.Number) types.List {
	elements := []attr.Value{}
	for _, n := range numbers {
		elements = append(elements, types.Int64Value(int64(n)))
	}
	return types.ListValueMust(types.Int64Type, elements)
}

func int64Of(n *cloudautomator.Number) types.Int64 { return types.Int64PointerValue((*int64)(n)) }

// stores reports whether the URL and the access token are kept in the state.
func (m *jobModel) stores() bool {
	return m.StoreCredentials.IsNull() || m.StoreCredentials.ValueBool()
}

// rotates reports whether each update of the job rotates.
func (m *jobModel) rotates() bool { return m.RotateOnUpdate.IsNull() || m.RotateOnUpdate.ValueBool() }

// take records a job that was read: its attributes, and its URL and access
// token.
func (m *jobModel) take(job cloudautomator.Job) {
	s := job.Settings
	m.ID = types.StringValue(job.ID)
	m.Active = types.BoolValue(s.Active)
	m.TimeZone, m.CreatedAt, m.UpdatedAt = text(job.TimeZone), text(s.CreatedAt), text(s.UpdatedAt)
	m.URL, m.AccessToken = types.StringNull(), types.StringNull()
	if m.stores() && job.URL != nil {
		m.URL, m.AccessToken = types.StringValue(job.URL.String()), types.StringValue(job.AccessToken)
	}
}

// takeFrom copies the job's attributes from another state. An update leaves no predecessor.
func (m *jobModel) takeFrom(before jobModel) {
	m.ID, m.RotatedAt, m.Active = before.ID, before.RotatedAt, before.Active
	m.TimeZone, m.CreatedAt, m.UpdatedAt = before.TimeZone, before.CreatedAt, before.UpdatedAt
	m.URL, m.AccessToken, m.PredecessorID = before.URL, before.AccessToken, types.StringNull()
	m.withhold()
}

// takeLeftToService copies the arguments that are left to the service, which are
// unknown here, from another state.
func (m *jobModel) takeLeftToService(before jobModel) {
	theirs := before.settings()
	for i, one := range m.settings() {
		if one.value.IsUnknown() {
			one.set(theirs[i].value)
		}
	}
}

func text(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

// arguments are the names of the arguments that the service stores.
var arguments = func() (names []string) {
	for _, one := range new(jobModel).settings() {
		names = append(names, one.name)
	}
	return names
}()

// documented are the members of a job that the provider copies to a successor,
// or that the service sets.
var documented = append([]string{"id", "active", "created_at", "updated_at", "rule_type", "rule_value"}, arguments...)

// uncarriedMembers returns the members of a job that the provider cannot copy to
// a successor. It cannot set any member of a webhook's rule_value. Whether a
// successor gets the same time zone shows when it exists.
func uncarriedMembers(j cloudautomator.Job) (names []string) {
	var members map[string]any
	_ = json.Unmarshal(j.Attributes, &members)
	list := func(members map[string]any, prefix string, carried ...string) {
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if value := members[name]; !slices.Contains(carried, name) && !vacant(value) && value != false {
				names = append(names, prefix+name)
			}
		}
	}
	list(members, "", documented...)
	if rule, is := members["rule_value"].(map[string]any); is {
		list(rule, "rule_value.", "token", "access_token", "time_zone")
	}
	return names
}
