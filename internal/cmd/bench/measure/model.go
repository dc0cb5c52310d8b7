package measure

// Model is how long an apply takes, in seconds, as a function of the number of signals: once, for each signal, and for
// each signal and each other one, because Terraform writes a local state whole for each resource.
type Model struct{ Once, Each, Pair float64 }

// Fit returns the model on which two applies lie that took so long, when one of nothing takes once.
func Fit(once float64, few int, fewTook float64, more int, moreTook float64) Model {
	// (took - once) / n = each + pair * n
	small, large := (fewTook-once)/float64(few), (moreTook-once)/float64(more)
	pair := (large - small) / float64(more-few)
	return Model{Once: once, Each: small - pair*float64(few), Pair: pair}
}

// Predict is how long an apply of so many signals takes.
func (m Model) Predict(signals int) float64 {
	n := float64(signals)
	return m.Once + m.Each*n + m.Pair*n*n
}
