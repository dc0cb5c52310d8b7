# Signals an Amazon SWF workflow execution that waits for its release.
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
  description = "The workflow execution, in the domain \"sandbox\", that waits for the signal."
  type        = string
  default     = "order-1"
}

# These are the keys of the sandbox. For AWS, set only the region.
provider "signal" {
  aws {
    region     = "us-east-1"
    access_key = "sandbox-access-key"
    secret_key = "sandbox-secret-key"
    endpoints { swf = var.endpoint }
  }
}

resource "signal_workflow_execution" "release" {
  domain      = "sandbox"
  workflow_id = var.workflow_id
  signal_name = "release"
  input       = jsonencode({ version = "1.2.3" })
}

# Stands for a resource that must be created only after the workflow has been signalled.
resource "terraform_data" "deployment" {
  input      = "released at ${signal_workflow_execution.release.sent_at}"
  depends_on = [signal_workflow_execution.release]
}
