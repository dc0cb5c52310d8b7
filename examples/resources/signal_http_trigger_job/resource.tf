variable "group_id" {
  description = "The Cloud Automator group that the job is in."
  type        = number
}

variable "aws_account_id" {
  description = "The AWS account, by its id in Cloud Automator."
  type        = number
}

variable "release" {
  description = "What is being released. Another release needs another stop."
  type        = string
}

resource "signal_http_trigger_job" "stop" {
  name           = "stop-staging"
  group_id       = var.group_id
  aws_account_id = var.aws_account_id
  action_type    = "stop_instances"
  action_value = jsonencode({
    region           = "ap-northeast-1"
    specify_instance = "tag"
    tag_key          = "env"
    tag_value        = "staging"
  })

  # A change here rotates the URL and the access token. So does any change
  # above.
  rotation_triggers = {
    owner = "operations"
  }
}

# Runs the job once for each release. A rotation runs nothing.
resource "signal_http_trigger" "stop" {
  job_id = signal_http_trigger_job.stop.id

  triggers = {
    release = var.release
  }
}
