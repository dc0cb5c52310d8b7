variable "cloud_automator_api_key" {
  description = "The API key; CLOUD_AUTOMATOR_API_KEY says it, too."
  type        = string
  sensitive   = true
}

provider "signal" {
  cloud_automator {
    api_key = var.cloud_automator_api_key
  }
}
