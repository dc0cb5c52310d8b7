package matrix

import "slices"

// Job has the results for a signal_http_trigger_job that is created, changed and removed in
// a row of the matrix.
type Job struct{ Create, Update, Delete JobResult }

// JobResult is what a user sees of a job at the end.
type JobResult struct {
	// Word is the name of the result in the guide, and Means its explanation.
	Word, Means string
	// Fails says that there is an error; Recorded, that the state has the created job
	// anyway.
	Fails, Recorded bool
}

// The possible results.
var (
	Done       = JobResult{Word: "done", Means: "The job is as configured. Where needed, the provider tried again or read the job.", Recorded: true}
	NotDone    = JobResult{Word: "failed", Means: "An error. A job that was to be created does not exist and is not recorded. A job that was to be changed or removed is in the state as before, and the next refresh reads it.", Fails: true}
	Doubtful   = JobResult{Word: "unknown", Means: "An error. It is not known whether the job was created, so it is recorded as tainted. The next apply looks for it before it creates another one.", Fails: true, Recorded: true}
	JobResults = []JobResult{Done, NotDone, Doubtful}
)

var (
	jobDone     = Job{Done, Done, Done}
	jobFails    = Job{NotDone, NotDone, NotDone}
	jobDoubtful = Job{Doubtful, Done, Done}
	jobStalls   = Job{Doubtful, NotDone, NotDone}
)

// jobs are the results by the names of rows.
var jobs = map[string]Job{
	"connection refused at first": jobDone,
	"connection refused":          jobFails,
	"certificate":                 jobFails,
	"no such host":                jobFails,

	"throttled twice":           jobDone,
	"throttled":                 jobFails,
	"access denied":             jobFails,
	"credentials expired":       jobFails,
	"credentials expire midway": jobFails,

	"500 before acting":         jobDoubtful,
	"503 before acting":         jobDoubtful,
	"500 for good":              jobStalls,
	"server error after acting": jobDone,

	"dropped before acting":               jobDoubtful,
	"dropped after acting":                jobDone,
	"truncated 200":                       jobDone,
	"truncated JSON":                      jobDone,
	"proxy's 502 before acting":           jobDoubtful,
	"proxy's 502 after acting":            jobDone,
	"portal's 200":                        jobDoubtful,
	"proxy's 403":                         jobFails,
	"redirected":                          jobDoubtful,
	"no answer to one attempt":            jobDone,
	"stalled before acting":               jobStalls,
	"stalled after acting":                jobStalls,
	"answer lost and credentials expired": jobStalls,
	"slow":                                jobDone,

	"stream reset before acting": jobDoubtful,
	"stream reset after acting":  jobDone,
	"every stream reset":         jobStalls,
	"stream refused at first":    jobDone,
	"every stream refused":       jobFails,
	"server going away":          jobDone,
}

// jobless are the rows about reads of SSM and SWF, which do not concern jobs.
var jobless = []string{"answer lost and reading denied", "answer lost and reading fails"}

// JobRows returns the rows that concern jobs.
func JobRows() (rows []Row) {
	for _, section := range Sections {
		for _, row := range section.Rows {
			if !slices.Contains(jobless, row.Name) {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// Job returns the result of one of JobRows.
func (r Row) Job() Job { return jobs[r.Name] }
