terraform {
  required_providers {
    signal = {
      source = "terraform-provider-signal/signal"
    }
  }
}

# Credentials come from where the AWS CLI finds them: environment, shared
# configuration and profiles, or the role of the machine.
provider "signal" {
  aws = {
    region = "eu-central-1"
  }
}
