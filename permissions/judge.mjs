// Reads {documents, requests} from standard input and prints, for each request, what IAM answers: iam-simulate knows from
// AWS's Service Authorization Reference which resources and condition keys an action takes.
import { readFileSync } from 'node:fs';
import { getDenialReasons, runSimulation } from '@cloud-copilot/iam-simulate';

const { documents, requests } = JSON.parse(readFileSync(0, 'utf8'));
const named = (names) => names.map((name) => ({ name, policy: documents[name] }));

async function simulate({ principal, account, action, resource, keys, policies, boundary, resourcePolicy }) {
  return runSimulation({
    request: { principal, action, resource: { resource, accountId: account }, contextVariables: keys },
    identityPolicies: named(policies),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    ...(boundary ? { permissionBoundaryPolicies: named([boundary]) } : {}),
    ...(resourcePolicy ? { resourcePolicy: documents[resourcePolicy] } : {}),
  }, {});
}

async function judge(request) {
  let done = await simulate(request);
  if (done.errors?.message === 'must.use.wildcard') done = await simulate({ ...request, resource: '*' });
  if (done.resultType === 'error') return { error: JSON.stringify(done.errors), allowed: false, allows: [], why: '' };
  const analyses = (done.result ? [done.result] : done.results).map((each) => each.analysis);
  const allows = analyses.flatMap((each) => [
    ...(each.identityAnalysis?.allowStatements ?? []),
    ...(each.permissionBoundaryAnalysis?.allowStatements ?? []),
  ]).map((each) => [each.policyId, each.statement.index()]);
  const reasons = analyses.flatMap(getDenialReasons);
  return {
    error: '', allowed: done.overallResult === 'Allowed', allows,
    why: reasons.map((each) => [each.denialType, each.policyType, each.policyIdentifier, each.statementId]
      .filter(Boolean).join(' ')).join('; '),
  };
}

const answers = [];
for (const request of requests) answers.push(await judge(request));
process.stdout.write(JSON.stringify(answers));
