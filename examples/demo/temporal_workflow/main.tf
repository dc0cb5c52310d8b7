# Releases a Temporal workflow that waits for a signal.
#
# `make demo` applies this, once `make temporal` has built the server. To do it
# by hand, run `make sandbox` in another terminal: the defaults below are what
# it serves.

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
  description = "The workflow that waits for the signal \"release\"."
  type        = string
  default     = "5a4d0b0c-0000-4000-8000-000000000006"
}

# The sandbox passes requests on to a real Temporal server.
provider "signal" {
  temporal {
    address = var.endpoint
  }
}

resource "signal_temporal_workflow" "release" {
  workflow_id = var.workflow_id
  signal_name = "release"
  input       = jsonencode([{ released_by = "terraform" }])
}

# Stands for a resource that must be created only after the workflow has been signalled.
resource "terraform_data" "deployment" {
  input      = "signalled at ${signal_temporal_workflow.release.sent_at}"
  depends_on = [signal_temporal_workflow.release]
}
