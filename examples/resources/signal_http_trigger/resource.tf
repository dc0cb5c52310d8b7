variable "job_id" {
  description = "The Cloud Automator job that takes the backup; its trigger is the HTTP trigger."
  type        = string
}

variable "release" {
  description = "What is being released. Another release needs another backup."
  type        = string
}

# The provider reads the job's URL and access token through the job API when
# it runs the job, and does not store them.
resource "signal_http_trigger" "backup" {
  job_id = var.job_id

  # Only a change of a trigger runs the job again.
  triggers = {
    release = var.release
  }
}
