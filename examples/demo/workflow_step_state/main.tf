# Answers the callback that a custom step of an AWS Transfer Family workflow waits
# for.
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

variable "workflow_id" {
  description = "The workflow that a file is going through."
  type        = string
  default     = "w-0123456789abcdef0"
}

variable "execution_id" {
  description = "The execution whose custom step waits."
  type        = string
  default     = "5a4d0b0c-0000-4000-8000-000000000002"
}

variable "token" {
  description = "The token of the step."
  type        = string
  default     = "sandboxtoken"
  sensitive   = true
}

# These are the keys of the sandbox. For AWS, set only the region.
provider "signal" {
  aws {
    region     = "us-east-1"
    access_key = "sandbox-access-key"
    secret_key = "sandbox-secret-key"
    endpoints { transfer = var.endpoint }
  }
}

resource "signal_workflow_step_state" "scanned" {
  workflow_id  = var.workflow_id
  execution_id = var.execution_id
  token        = var.token
  status       = "SUCCESS"
}

# Stands for a resource that must be created only after the step has been answered.
resource "terraform_data" "deployment" {
  input      = "answered at ${signal_workflow_step_state.scanned.sent_at}"
  depends_on = [signal_workflow_step_state.scanned]
}
