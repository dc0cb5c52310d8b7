# Answers a task of an AWS Step Functions execution that waits for its callback.
#
# `make demo` applies this. To do it by hand, run `make sandbox` in another
# terminal: the defaults below are what it serves.

terraform {
  required_providers {
    signal = {
      source  = "terraform-provider-signal/signal"
      version = "~> 0.1"
    }
  }
}

variable "endpoint" {
  description = "Where the sandbox listens."
  type        = string
  default     = "http://127.0.0.1:4599"
}

variable "execution_arn" {
  description = "The execution whose task waits."
  type        = string
  default     = "arn:aws:states:us-east-1:123456789012:execution:deploy:5a4d0b0c-0000-4000-8000-000000000006"
}

variable "task_token" {
  description = "The token of the task."
  type        = string
  default     = "sandboxtoken6"
  sensitive   = true
}

# These are the keys of the sandbox. For AWS, set only the region.
provider "signal" {
  aws {
    region     = "us-east-1"
    access_key = "sandbox-access-key"
    secret_key = "sandbox-secret-key"
    endpoints { sfn = var.endpoint }
  }
}

resource "signal_sfn_task" "approved" {
  task_token    = var.task_token
  status        = "SUCCESS"
  output        = jsonencode({ approved = true })
  execution_arn = var.execution_arn
}

# Stands for a resource that must be created only after the task has been answered.
resource "terraform_data" "deployment" {
  input      = "answered at ${signal_sfn_task.approved.sent_at}"
  depends_on = [signal_sfn_task.approved]
}
