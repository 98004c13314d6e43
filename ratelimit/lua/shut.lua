-- shut: somebody, or what was learnt beside any job, shuts the lane.
-- a: account, reason, for (ms; 0: until somebody opens it), detail. Answers {'shut'}.
shut(a.reason, a['for'] > 0 and now + a['for'] or 0, a.detail)
return {'shut'}
