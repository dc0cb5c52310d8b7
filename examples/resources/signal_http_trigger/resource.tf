variable "job_id" {
  description = "The Cloud Automator job that takes the backup; its trigger is the HTTP trigger."
  type        = string
}

variable "release" {
  description = "What is being released. Another release needs another backup."
  type        = string
}

# The job's URL and access token are read through the job API when the job is
# run, and kept nowhere.
resource "signal_http_trigger" "backup" {
  job_id = var.job_id

  # Only a change here runs the job again.
  triggers = {
    release = var.release
  }
}
