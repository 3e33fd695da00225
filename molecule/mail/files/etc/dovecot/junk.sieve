require ["fileinto"];

# What a spam filter has marked goes where people rarely look.
if header :is "X-Spam-Flag" "YES" {
  fileinto "Spam";
}
